"""What a person looks at. stdout has results, stderr has progress; all text from data goes through `visible`."""
