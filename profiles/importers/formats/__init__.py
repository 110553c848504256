"""What other tools' benchmark files say, one file per tool.

    stream    a file -> thinned JSON trees (memory does not grow with the file)
    detect    a tree -> the tool that wrote it, by content
    <tool>    a tree -> runs (`record.Run`), units converted, nothing judged
    rules     a run -> a point of a curve, or the reason why it is not one
    names     the tool's names of LLMs and GPUs -> the catalogues' names

Nothing here prompts, prints or writes; `profiles.importers.pipeline` does.
"""
