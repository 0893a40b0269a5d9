"""``python -m heroku_syslogd``."""

from heroku_syslogd.cli import main

if __name__ == "__main__":
    main()
