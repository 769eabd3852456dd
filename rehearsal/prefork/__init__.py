"""Python processes that don't import what they need again: forked from one that has it already.

Every run of a rehearsal starts four Python processes or more (engine, program, packs, providers) that spend one to two
seconds each on importing the same packages. While a `Prefork` is open, the engine and its children are forked from a
server that has imported what their like imported last time, and start in some milliseconds. They are processes of their
own in every respect: arguments, environment, working directory, streams, session, signals, exit status.

What asks for another interpreter than the server is (executable, a PYTHON* or LC_* variable) is started the usual
way, and so is everything on systems where forking isn't safe enough (all but Linux). Two differences can be seen: all
processes of one server have the same hash seed, and none takes its modules apart when it ends.
"""
