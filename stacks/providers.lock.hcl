provider "registry.terraform.io/hashicorp/null" {
  version     = "3.2.4"
  constraints = "3.2.4"
}

provider "registry.terraform.io/kreuzwerker/docker" {
  version     = "4.5.0"
  constraints = "~> 4.5.0"
}
