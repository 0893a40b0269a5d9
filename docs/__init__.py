"""The generated part of the documentation; see `docs.build`."""
