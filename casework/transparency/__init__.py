"""The transparency log in the database: appending answers, proofs, receipts, verification."""
