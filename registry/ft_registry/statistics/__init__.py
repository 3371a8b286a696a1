"""Statistics of scores: intervals, paired tests, sample sizes; pure, formulas with sources."""
