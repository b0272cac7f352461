"""CloudWatch: moto keeps metrics and alarms; the mirror measures its endpoints and evaluates the alarms."""
