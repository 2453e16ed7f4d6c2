"""The embedded demo: pairs written for Outvoted, a tiny PM and SAE trained on them."""
