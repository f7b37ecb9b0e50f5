"""Work around the pipeline: look after the checkout, compare runs, run real archives. No stage imports it."""
