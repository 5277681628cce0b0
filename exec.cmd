@rem For Windows, whose shell has no "exec": elsewhere it lets the signals of npm reach node itself.
@%*
