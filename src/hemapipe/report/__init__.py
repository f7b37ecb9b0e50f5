"""Put the models side by side: leaderboard, environment, and the whole run as one page."""
