"""What several commands share: target, clients, output, errors."""
