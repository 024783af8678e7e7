"""The simulated charger: car, PRE, cable, chips at their own level, house and sun."""
