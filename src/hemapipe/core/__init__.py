"""What every stage stands on: parameters, tables, errors, and a cure for torchvision."""
