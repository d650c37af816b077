"""Regatta's scenarios on asyncio, and what it takes to measure them."""
