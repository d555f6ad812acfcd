"""Takes the one group of a pattern out of the file's name, as ``regex`` does out of the text."""

from agent.checks.extractors import Body, NoValueError, regex


class Extractor(regex.Extractor):
    """Takes what the group matches first in the name, without the folder."""

    _field = "file_name"

    @staticmethod
    def _text(body: Body) -> str:
        if not body.name:
            raise NoValueError("is no file")
        return body.name
