"""/court/figures: the court's figures as charts and tables, what a bar is made of, and documents of officers' own."""
