"""Downloads: from a server in this process and from folders; nothing wrong is ever kept."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from helpers import ROOT

from rnncamp_utils import downloads
from rnncamp_utils.downloads import Download, DownloadError, cache_folder, fetch, tiny_shakespeare

TINY_SHAKESPEARE = ROOT.parent / "shared" / "corpora" / "tinyshakespeare.txt"
DATA = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a cache ä"))
    monkeypatch.delenv(downloads.MIRROR, raising=False)
    return tmp_path / "a cache ä" / "rnncamp"


@pytest.fixture
def server():
    """Return a server of this process; it gives `answer` and counts the `asked` addresses."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            status, body = self.server.answer
            self.send_response(status)
            self.end_headers()
            try:
                self.wfile.write(body)
            except ConnectionError:
                pass  # the client had enough

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.answer = [], (200, DATA)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def wanted(server):
    folder = f"http://127.0.0.1:{server.server_port}/there"
    return Download("text.bin", folder, "input.bin", len(DATA), hashlib.sha256(DATA).hexdigest())


def test_a_file_is_fetched_once_with_progress_and_then_kept(server, cache, capsys):
    path = fetch(wanted(server))
    assert path.read_bytes() == DATA and [p.name for p in cache.iterdir()] == ["text.bin"]
    printed = capsys.readouterr().out
    assert printed.startswith("\rtext.bin: ") and printed.endswith("100%\n")
    assert printed.count("%") > 2
    assert fetch(wanted(server)) == path and server.asked == ["/there/input.bin"]
    assert capsys.readouterr().out == ""


def test_a_damaged_file_in_the_cache_is_fetched_anew(server, cache):
    cache.mkdir(parents=True)
    (cache / "text.bin").write_bytes(DATA[::-1])
    assert fetch(wanted(server)).read_bytes() == DATA


@pytest.mark.parametrize(
    "answer, why",
    [
        ((200, DATA[:-1]), "255,999 bytes came, not 256,000"),
        ((200, DATA * 50), "256,001 bytes came or more, not 256,000"),
        ((200, DATA[::-1]), "sha256 does not fit"),
        ((404, b"not here"), "404"),
    ],
    ids=["cut off", "too long", "another", "missing"],
)
def test_a_wrong_answer_is_named_and_never_kept(server, cache, answer, why):
    server.answer = answer
    with pytest.raises(DownloadError, match=why):
        fetch(wanted(server))
    assert not cache.exists()


def test_a_wrong_answer_leaves_what_was_there(server, cache):
    cache.mkdir(parents=True)
    (cache / "text.bin").write_bytes(b"old")
    server.answer = (200, b"new, but wrong")
    with pytest.raises(DownloadError):
        fetch(wanted(server))
    assert (cache / "text.bin").read_bytes() == b"old"


def test_without_a_network_other_texts_are_named(server):
    what = wanted(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(DownloadError, match=r"standard_library.*book_prose.*RNNCAMP_MIRROR"):
        fetch(what)


def test_a_mirror_is_asked_instead(server, monkeypatch, tmp_path):
    what = wanted(server)
    (tmp_path / "a mirror ä").mkdir()
    (tmp_path / "a mirror ä" / "text.bin").write_bytes(DATA)
    monkeypatch.setenv(downloads.MIRROR, str(tmp_path / "a mirror ä"))
    assert fetch(what).read_bytes() == DATA and server.asked == []
    fetch(what).unlink()
    monkeypatch.setenv(downloads.MIRROR, f"http://127.0.0.1:{server.server_port}/mirror")
    assert fetch(what).read_bytes() == DATA and server.asked == ["/mirror/text.bin"]


def test_a_mirror_without_the_file_is_an_error_and_not_passed_over(server, monkeypatch, tmp_path):
    monkeypatch.setenv(downloads.MIRROR, str(tmp_path))
    with pytest.raises(DownloadError, match="text.bin"):
        fetch(wanted(server))
    assert server.asked == []


def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "rnncamp"
    monkeypatch.delenv("LOCALAPPDATA")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "rnncamp"


@pytest.mark.skipif(not TINY_SHAKESPEARE.exists(), reason="there is no shared/corpora beside us")
def test_tiny_shakespeare_is_the_right_text(monkeypatch):
    monkeypatch.setenv(downloads.MIRROR, str(TINY_SHAKESPEARE.parent))
    text = tiny_shakespeare()
    assert len(text) == 1_115_394 and len(set(text)) == 65
