from hypothesis import settings

# How fast an example runs is a matter for bench/: a busy machine must not fail a test.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
