"""Training and measuring of the faces room's three networks; needs the artwork (`make pocket-art`)."""
