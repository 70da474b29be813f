"""The one command: embedded servers, migrations, demo data, web, worker and beat; stopped cleanly together.

Nothing here imports Django: what needs the platform's code runs as a child process.
"""
