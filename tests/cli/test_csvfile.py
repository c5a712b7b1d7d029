"""Delimited text: what is a table, what is not, and where it stops being one."""

import io
import sys
import tracemalloc

import pytest

from jprob.cli import csvfile
from jprob.cli.console import BadInput
from jprob.cli.csvfile import open_table


def read(path):
    with open_table(path) as table:
        return table.header, table.separator, list(table.rows)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize("last", [True, False], ids=["closed", "open"])
def test_line_ends_do_not_matter(csv_file, end, last):
    text = end.join(["a,b", "1,2", "3,4"]) + (end if last else "")
    assert read(csv_file(text)) == (["a", "b"], "commas", [(2, ["1", "2"]), (3, ["3", "4"])])


@pytest.mark.parametrize("size", range(1, 12))
def test_blocks_do_not_matter(csv_file, monkeypatch, size):
    path = csv_file('a,b\r\n\r\n"x\r\ny",é\r\n3,"4,5"\r\n')
    whole = read(path)
    monkeypatch.setattr(csvfile, "BLOCK", size)
    assert read(path) == whole
    assert whole[2] == [(3, ["x\r\ny", "é"]), (4, ["3", "4,5"])]


@pytest.mark.parametrize(
    ("text", "separator"),
    [("a;b\n1;2", "semicolons"), ("a\tb\n1\t2", "tabs"), ("a|b\n1|2", "bars"), ('"a;b",b\n1,2', "commas")],
)
def test_separator_is_what_splits_the_header(csv_file, text, separator):
    header, found, rows = read(csv_file(text))
    assert (len(header), found, rows) == (2, separator, [(2, ["1", "2"])])


def test_byte_order_mark_blank_lines_and_spaces_around_names(csv_file):
    header, _, rows = read(csv_file(b"\xef\xbb\xbf\n a , b\n\n1,2\n   \n3,4\n\n"))
    assert header == ["a", "b"]
    assert rows == [(4, ["1", "2"]), (6, ["3", "4"])]  # row 1 of the file is blank, and the header is row 2


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    assert read("-")[2] == [(2, ["1", "2"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a header and rows; got a blank file"),
        (b" \n\n\t\n", "a header and rows; got a blank file"),
        (b"a,b\n1,2\n3,4,5\n", "row 3: expected 2 cells as in the header; got 3"),
        (b"a,b\n1,2\n\n3\n", "row 4: expected 2 cells as in the header; got 1"),
        (b"a,b\n1,2,\n", "row 2: expected 2 cells as in the header; got 3"),
        (b"a,b\n1,\xff\n", "line 2: expected UTF-8 text; got byte 0xff at offset 6"),
        (b"a,b\n1,caf\xe9\n", "line 2: expected UTF-8 text; got byte 0xe9 at offset 9"),
        ("a,b\n1,2\n".encode("utf-16"), "line 1: expected UTF-8 text; got byte 0x00 at offset 3"),
        (b"a,b\n1,2\n3,\0\n", "line 3: expected UTF-8 text; got byte 0x00 at offset 10"),
        (b'a,b\n1,"2\n', "line 2: expected delimited text; got unexpected end of data"),
        (b'a,b\n1,"2"3\n', "line 2: expected delimited text; got ',' expected after '\"'"),
        (b"a,b\n1," + b"x" * 200_000, "line 2: expected delimited text; got field larger than field limit"),
        (b"a" * 3_000_000, "line 1: expected lines of at most 1048576 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_a_table_is_refused_with_its_place(csv_file, content, message):
    path = csv_file(content)
    with pytest.raises(BadInput) as refusal:
        read(path)
    assert str(refusal.value).startswith(path)
    assert message in str(refusal.value)


def test_place_of_a_bad_byte_counts_all_blocks(csv_file, monkeypatch):
    monkeypatch.setattr(csvfile, "BLOCK", 16)
    with pytest.raises(BadInput, match="line 1002: expected UTF-8 text; got byte 0xff at offset 4006"):
        read(csv_file(b"a,b\n" + b"1,2\n" * 1000 + b"3,\xff\n"))


def test_what_cannot_be_opened(tmp_path, monkeypatch):
    with pytest.raises(BadInput, match="readable file; got 'No such file or directory'"):
        read(str(tmp_path / "nowhere.csv"))
    with pytest.raises(BadInput, match="readable file; got 'Is a directory'"):
        read(str(tmp_path))

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(BadInput, match=r"secret\.csv: expected a readable file; got 'Permission denied'"):
        read("secret.csv")


def test_memory_does_not_grow_with_the_file(csv_file):
    path = csv_file(b"a,b\n" + b"some text,more of it\n" * 200_000)
    tracemalloc.start()
    with open_table(path) as table:
        assert sum(1 for _ in table.rows) == 200_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * csvfile.BLOCK + 2_000_000
