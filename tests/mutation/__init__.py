"""Would the tests notice?  The engine with one small mistake at a time, and the tests run against each."""
