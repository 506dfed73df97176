"""What data is: fingerprints that name its content and profiles that describe it."""
