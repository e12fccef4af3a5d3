"""What tests of several folders share: real servers, pipelines on them, and the command line."""
