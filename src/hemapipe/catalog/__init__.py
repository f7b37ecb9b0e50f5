"""The catalog: every file of the archive in one table, with its label, patient, fingerprints and faults."""
