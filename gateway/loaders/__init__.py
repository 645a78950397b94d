"""What one operation shares: who asks, what was asked already, what went wrong, and batches of like questions."""
