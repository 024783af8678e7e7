"""Files and sockets around v2h.update: the folder of the upload, what the installer reports, and the door to it."""
