"""服务时限: how soon an owner has to follow up what he was given, and how often after that, in working time."""
