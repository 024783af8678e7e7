"""What must hold whatever fails: allowed outputs, make-safe, the wire between charger and guard."""
