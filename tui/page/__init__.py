"""The browser in a web page: a small server on this machine, and the page that it gives out."""

from tui.page.site import LOOPBACK, PagePlace, listen, make_site, serve

__all__ = ["LOOPBACK", "PagePlace", "listen", "make_site", "serve"]
