"""The population's answer."""
