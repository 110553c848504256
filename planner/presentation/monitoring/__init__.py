"""How a plan fits what its servers do, in lines, tables and as content of JSON."""
