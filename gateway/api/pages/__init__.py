"""Pages for people: no script, no reference to anything outside, each style allowed by its digest."""
