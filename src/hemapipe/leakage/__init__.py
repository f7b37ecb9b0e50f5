"""The price of leaking: the same two models under a split by image and under an honest one."""
