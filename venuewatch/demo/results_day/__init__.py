"""A results day in fast motion: what results systems send at three venues, and what it should show.

1. A script (``hall``, ``court``, ``reef``) has a :mod:`.speaker` say what one results system sends,
   in local times, and lists the moments at which the page should show something else.
2. :mod:`.day` joins the scripts. All of that is pure: messages and their times, no clock, no I/O.
3. :mod:`.watched` gives the messages to a real ``feed`` check, whose clock is that of the day;
   :mod:`.player` does so for all hosts, in the process of the demo's fleet.
4. :mod:`.guide` says what happens, and compares what the aggregator shows (:mod:`.showing`) with
   the moments.

The limits of the checks are the shipped ones: with shorter ones another check would be shown.
"""
