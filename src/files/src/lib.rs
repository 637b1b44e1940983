//! Which files there are, what each is, and which service owns it; the only reader of sources.
