"""A card that has lost a page of the log, for tests."""

from v2h.datalog.writer import StoreWriter


def damage(writer: StoreWriter) -> None:
    """Overwrite the oldest samples' page, which the writer will not read again. It first adds rows of 800 s."""
    for n in range(2000):
        writer.add_sample(0.4 * n, {"state": "energy", "mode": "v2h", "power_w": 1.5})
    writer.flush()
    connection = writer._connection
    assert connection is not None
    leaves = "select min(pageno) from dbstat where name = 'samples' and pagetype = 'leaf'"
    (page,) = connection.execute(leaves).fetchone()
    connection.execute("pragma wal_checkpoint(truncate)")
    with writer.path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
