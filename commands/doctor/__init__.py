"""`suxin doctor`: examine an installation."""
