"""What a rule would have said on each of the days kept, as figures and as a page with charts."""
