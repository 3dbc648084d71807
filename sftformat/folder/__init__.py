"""A folder that is whole or not there: lock, write beside, commit, manifest, verify. Data set, shards and run use it.

How a folder comes to be::

    OUT/                      locked with flock while a run works on it
      .staging-FINGERPRINT/   everything is written here, each file beside, fsynced, then renamed
        manifest.json         written last: from here on the commit only renames, and a new run would finish it
    OUT/…                     the files moved up, OUT/manifest.json last

A folder without a valid `manifest.json` is not there for any reader. `manifest.json` lists every file with its size
and sha256 and carries its own sha256. The fingerprint says what the folder was made from (content, options, version),
never where or when.
"""
