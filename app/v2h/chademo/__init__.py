"""CHAdeMO: the frames on can1, the session that speaks them, and the limits it keeps."""
