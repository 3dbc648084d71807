"""SFT209 html-leftover."""

from __future__ import annotations

import pytest

CODE = "SFT209"

NOOP = [
    None,
    "a < b and b > c, x<y>z, 1<2, <3, </3, <-, <=>, a<b>c",
    "AT&T, R&D; Q&A, &c., & so on, rock&roll; M&Ms, &; &#; &#x;",
    "if (a<b && c>d) return &num; p = &copy; q = &times;",
    "List<String> Map<K, V> vector<a> Promise<i> foo<T>()",
    "<user> said <name>, <think>hm</think>, <tool_call>{}</tool_call>, <image>, <video>, <audio>, <s>x</s>",
    "<unk> and <mask> and <|x|>",
    "see <https://a.org/?a=1&b=2> or <jane@mailbox.org>; ?a=1&amp=2",
    "an <em dash, a <b, a <p without end",
    "Use `<br />` in HTML for a line break, and &amp; for &.",
    "The <b> tag makes text <b>bold</b>.",
    "```\n<p>&nbsp;</p>\n```",
    "<html><body><p>x</p></body></html>",
    "这段代码里写 <b>粗体</b>",
    "const App = () => <div className='x'>hi</div> in React",
    "a React component <b>x</b>, React.js &amp; Vue.js",
    "用Vue写 <b>x</b>",
    "写html页面 <p>x</p>",
    "The entity `&nbsp;` is a blank that breaks no line.",
    "Put it in the <p> element: <p>x</p>",
    "wrap the title tag: <b>x</b>",
    "the DOM of <p>x</p>",
    "Make a small web page: <p>x</p>",
    "For a line break in Markdown write <br>.",
    "What does `<br>` do?",
    "What does <br> do?",
    "What does '<br>' do? It breaks the line.",
    "What is <hr>?",
    "What's the &nbsp;?",
    "Explain the &amp; entity",
    "Explain &nbsp;.",
    'the "<br>" at the end',
    "so (“<br />”) it is",
    "Use <br> to begin a line.",
    "Why does my regex <p>(.*)</p> not match?",
    "a regular expression for <b>x</b>",
    "Parse with BeautifulSoup: <p>hi</p>",
    "How can I make text bold on my page? Wrap it in <b>…</b>, e.g. <b>hello</b>.",
    "making the words italic: <i>x</i>",
    "Translate it, keep tags: <b>Hello</b>",
    "Remove all the tags from <p>Hello</p>",
    "React: <p>{name}</p>",
    "so <p>{user.name}</p> is shown",
    "Use subscript: H<sub>2</sub>O",
    "add a hyperlink: <a href='x'>y</a>",
    "the named entity &eacute;",
    "SSML: <p>hi</p>",
    "int *p = &times; f(&copy, &deg;), return &reg; x == &cent; a && &yen; {&sect; 1}",
    "Foo &copy;\nBar &times;",
    "?a=1&copy=2&reg=3&times=4",
]


@pytest.mark.parametrize("text", NOOP)
def test_noop(found, text):
    assert found(CODE, [{"input": text, "target": "x"}]) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Great!<br /><br />Loved it", "<br />"),
        ("a<BR>b", "<BR>"),
        ("rock &amp; roll", "&amp;"),
        ("R&amp;D", "&amp;"),
        ("it&#39;s", "&#39;"),
        ("it&#x27;s", "&#x27;"),
        ("caf&eacute; &nbsp; gr&ouml;&szlig;e", "&eacute;"),
        ("&lt;b&gt;", "&lt;"),
        ("<p>A paragraph.</p>", "<p>"),
        ("&copy; 2020 by us", "&copy;"),
        ("it is 20 &deg;C", "&deg;"),
        ("a 3 &times; 4 table", "&times;"),
        ("it costs &pound;5", "&pound;"),
        ("a</br>b", "</br>"),
        ('a<br clear="all">b', '<br clear="all">'),
        ("so <b>very</B> good", "<b>"),
        ("click <a href='x.php'>here", "<a href='x.php'>"),
        ('<span class="c">x', '<span class="c">'),
        ('see <img src="x.png" alt="y"/>', '<img src="x.png" alt="y"/>'),
        ("People react to this &amp; that.", "&amp;"),
        ("React to this &amp; that.", "&amp;"),
        ("La vue est belle &amp; calme.", "&amp;"),
        ("Le point de vue de l&#39;auteur.", "&#39;"),
        ("The price tag was high &amp; silly.", "&amp;"),
        ("Kölner Dom &amp; Rhein", "&amp;"),
        ("an angular face &amp; big tags", "&amp;"),
        ("more on our web page &amp; in the shop", "&amp;"),
        ('"Hello!"<br>"Bye!"', "<br>"),
        ('He said "Hello!" <br> "Bye!" said she.', "<br>"),
        ("What is <b>wrong</b> with you?", "<b>"),
        ("what does &amp;lt mean to <b>me</b>", "&amp;"),
        ("I use <b>this</b> for that", "<b>"),
        ("Explain <i>why</i> it is so.", "<i>"),
        ("they remove the price tags &amp; the labels", "&amp;"),
        ("a bold text &amp; a fine film", "&amp;"),
        ("Make it bold &amp; short.", "&amp;"),
        ("individuals &amp; entities", "&amp;"),
        ("the R&amp;D character of it", "&amp;"),
        ("People react: &amp; how", "&amp;"),
        ("Keep calm &amp; carry on", "&amp;"),
        ("'Tis true &amp; 'twas false", "&amp;"),
        ("rock 'n' roll &amp; '90s", "&amp;"),
    ],
)
def test_finds(found, text, first):
    (finding,) = found(CODE, [{"input": "fine"}, {"input": text, "target": "x"}])
    assert (finding.line, finding.path, finding.got) == (2, "/input", first)


def test_counts_and_names_the_first(found):
    (finding,) = found(CODE, [{"input": "a &lt; b<br>c"}])
    assert finding.message == '2 pieces of HTML left in the text, the first "&lt;"'


def test_a_record_that_speaks_of_html_in_another_text_is_left_alone(found):
    record = {"instruction": "Write a web page.", "input": "", "target": "<p>Hello</p>"}
    assert found(CODE, [record], "text-to-text") == []
    record["instruction"] = "Write a greeting."
    assert [each.path for each in found(CODE, [record], "text-to-text")] == ["/target"]


@pytest.mark.parametrize(
    "asked",
    ["Create a navigation bar with three links.", "Build a login form", "Design a dropdown", "Make an unordered list."],
)
def test_what_was_asked_for_in_markup_is_left_alone(found, asked):
    record = {"instruction": asked, "input": "", "target": '<ul class="x"><li>Home</li></ul>'}
    assert found(CODE, [record], "text-to-text") == []
    record["instruction"] = "Create a list of fruits in order."
    assert len(found(CODE, [record], "text-to-text")) == 1


def test_the_result_of_a_tool_may_hold_anything(found):
    call = {"role": "assistant", "content": None, "tool_calls": '[{"name": "fetch"}]'}
    turns = [call, {"role": "tool", "content": "<p>Rain &amp; wind</p>"}, {"role": "assistant", "content": "Rain."}]
    record = {"input": [{"role": "user", "content": "Rain?"}], "target": turns}
    assert found(CODE, [record], "chat") == []
    turns[2]["content"] = "Rain &amp; wind"
    assert [each.path for each in found(CODE, [record], "chat")] == ["/target/2/content"]


def test_the_name_of_a_page_is_no_talk_of_html(found):
    assert len(found(CODE, [{"input": "see http://a.org/x.html &amp; y"}])) == 1


def test_many_open_tags_take_no_time(found):
    assert found(CODE, [{"input": "<b>" * 2_000 + "<a" * 20_000 + "&" * 20_000}]) == []


def test_a_label_is_judged_by_itself(found):
    records = [{"input": "How do I write HTML?", "target": "R&amp;D"}, {"input": "x", "target": "HTML &amp; CSS"}]
    assert [(each.line, each.path) for each in found(CODE, records)] == [(1, "/target")]


def test_much_that_may_be_about_html_takes_no_time(found):
    for text in (
        "make " * 20_000,
        "make text " * 10_000,
        "what is the " * 9_000,
        "keep all the " * 9_000,
        "the tag " * 20_000,
        ">" * 20_000,
        "in " * 20_000,
        "`" + "&amp;" * 20_000,
    ):
        assert len(found(CODE, [{"input": f"&lt;{text}"}])) == 1
