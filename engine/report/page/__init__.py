"""The report as a page to keep: gathered once, then written as HTML with plots or as Markdown."""
