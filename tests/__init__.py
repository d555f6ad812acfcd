"""Tests; a regular package, because gmqtt installs one of the same name."""
