"""The pages, one a file: what each shows of the structs that it is given."""
