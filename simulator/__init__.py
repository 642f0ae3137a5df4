"""The made-up world: customers drawn from a seed, played through the real routing; and theory to check them with."""
