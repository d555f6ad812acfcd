"""Results sources of a live rehearsal: each says what its results system would.

1. A source (`source.py`) decides second by second what it says. It is pure.
2. An instruction (`instructions.py`) has it do something else. It is a file, and holds as long as
   the file is there: so a guardian ends it by removing the file.
3. A ring (`ring.py`) is the folder of a feed: a bounded number of files, written anew in turn.
4. One program (`program.py`) plays all sources of a stage, as its plan says.
"""
