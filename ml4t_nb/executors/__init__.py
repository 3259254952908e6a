"""Where the works of a run are done: in this process, in others of this machine, or on a cluster.

The run stays here: its threads, its order, its budget of requests, what it has learned of a
provider, its report. Only the work on one dataset goes elsewhere, and asks for the rest.
"""
