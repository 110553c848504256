"""A fuzzer of the command line: valid inputs of every kind, damaged with regard to their structure,
given to every command; what comes of it is judged (`python -m tests.fuzz --help`).

    values     strange numbers and texts              seeds      valid inputs, made once
    trees      YAML and JSON                          commands   every command with its options
    tables     CSV and Parquet                        cases      seed and number -> a case
    raw        bytes, texts, workbooks                child      a case run in a process of its own
    libraries  SQLite databases of kept work
    judge      what is wrong with an outcome          corpus     what was found, kept and replayed
"""
