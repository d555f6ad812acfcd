"""hosts.csv: what a spreadsheet writes, and every wrong line at once."""

import pytest

from aggregator.inventory import HostEntry
from venuewatch.venue.hosts_csv import HOSTS_MAX, read

HEAD = "host,role,address,probe_port,gateway,required\n"
STA_1 = HostEntry("STA-1", "results", "10.0.0.1", 22, required=True)
ROW = "STA-1,results,10.0.0.1,22,,yes\n"


@pytest.mark.parametrize(
    "text",
    [
        HEAD + ROW,
        "\ufeff" + HEAD + ROW,
        (HEAD + ROW).replace(",", ";"),
        (HEAD + ROW).replace(",", "\t"),
        (HEAD + ROW).replace(",", " , "),
        (HEAD + ROW).replace("\n", "\r\n"),
        HEAD.upper() + ROW + ",,,,,\n\n",
        (HEAD + ROW).replace("\n", ",,\n"),
        (HEAD + ROW).replace("\n", "\r"),
        HEAD + ROW.replace("yes", "TRUE"),
        HEAD + ROW.replace("\n", ",,\n"),
        "required,host,role,address,probe_port\nx,STA-1,results,10.0.0.1,22\n",
    ],
)
def test_what_spreadsheets_write_is_the_same_host(text: str) -> None:
    assert read(text.encode()) == ((STA_1,), ())


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "2001:db8::1", "sta-1", "sta_1.venue", "1a.example.org.", "10.example"]
)
def test_address_is_a_number_or_a_name(address: str) -> None:
    found = read(f"host,address\nSTA-1,{address}\n".encode())

    assert found == ((HostEntry("STA-1", address=address),), ())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("STA-1,,,,,", "line 3: expected each host once, STA-1 is on line 2, too"),
        ("_revoked,,,,,", "line 3: expected 1 to 64 letters"),
        ("a/b,,,,,", "line 3: expected 1 to 64 letters"),
        ("a+,,,,,", "line 3: expected 1 to 64 letters"),
        ("..,,,,,", "line 3: expected a name in column host that begins with a letter"),
        ("-rf,,,,,", "line 3: expected a name in column host that begins with a letter"),
        ("'; rm -rf /,,,,,", "line 3: expected 1 to 64 letters"),
        (",role,,,,", 'line 3: missing field "host"'),
        ("STA-2,,10.0.0.1 10.0.0.2,,,", "line 3: expected an address or a host's name"),
        ("STA-2,,10.0.0.300,,,", "line 3: expected an address or a host's name"),
        ("STA-2,,10.0.0,,,", "line 3: expected an address or a host's name"),
        ("STA-2,,fe80::1%eth0,,,", "line 3: expected an address or a host's name"),
        ("STA-2,,...,,,", "line 3: expected an address or a host's name"),
        ("STA-2,,,99999,,", "line 3: expected a whole number from 1 to 65535"),
        ("STA-2,,,,maybe,", "line 3: expected true or false"),
        ('STA-2,"a\nb",,,,', "expected a role of 256 characters at most, on one line"),
        ("STA-2,,,,,,more", "line 3: expected a cell for each column at most, got one more"),
    ],
)
def test_wrong_line_is_named_and_says_what_was_expected(row: str, said: str) -> None:
    found = read(f"{HEAD}{ROW}{row}\n".encode())

    (line,) = found.wrong
    assert said in line
    assert line.isprintable()


def test_every_wrong_line_is_told_at_once() -> None:
    found = read(f"{HEAD}a b,,,,,\nSTA-1,,,0,,\n{ROW}c d,,,,,\n".encode())

    assert [line.partition(":")[0] for line in found.wrong] == ["line 2", "line 3", "line 5"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "expected a column host"),
        (b"name,role\nSTA-1,\n", 'unknown column "name"'),
        (b"host,host\n", "expected each column once"),
        (HEAD.encode(), "got 0"),
        (HEAD.encode() + b"STA-\xff,,,,,\n", "line 2: expected UTF-8"),
        (HEAD.encode() + b'"STA-1,,,,,\n', "line 2: expected CSV"),
        (HEAD.encode() + b"".join(b"h%d,,,,,\n" % at for at in range(10_000)), "got 10,000"),
    ],
)
def test_file_that_is_no_list_of_hosts_is_refused(data: bytes, said: str) -> None:
    found = read(data)

    assert len(found.wrong) == 1
    assert said in found.wrong[0]


def test_largest_list_is_taken() -> None:
    data = HEAD.encode() + b"".join(b"h%d,,,,,\n" % at for at in range(HOSTS_MAX))

    assert read(data).wrong == ()
