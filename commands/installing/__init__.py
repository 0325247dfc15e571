"""`suxin setup`: install Suxin on a machine."""
