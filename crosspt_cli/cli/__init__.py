"""The command line: options in, values out, errors as sentences; the only room that knows click."""
