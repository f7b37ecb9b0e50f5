"""Find nuclei, white cells and red cells in a blood smear, and measure them as a haematologist would describe them."""
