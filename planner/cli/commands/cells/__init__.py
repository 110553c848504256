"""Commands on a plan over classes and cases (schema 2): one file each, called by the command that
takes plans of both schemas.
"""
